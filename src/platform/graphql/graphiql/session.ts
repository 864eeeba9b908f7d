import { sessionOperations } from './examples.js';

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface Reply {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string }[];
}

export interface SessionState {
  readonly email: string | null;
  /** What the reader should know about the end of the last session. */
  readonly notice: string | null;
}

const SIGNED_OUT: SessionState = { email: null, notice: null };
const REFRESH_EARLY_MS = 30_000;
const HEADERS_THAT_AUTHENTICATE = ['authorization', 'x-api-key'];

/**
 * The signed-in user of the GraphiQL page. Tokens are kept in this object only, never in web storage: a reload forgets
 * them, and nothing that reads the disk or runs in a later visit can find them.
 */
export class Session {
  private tokens: Tokens | null = null;
  private renewAt = 0;
  private renewal: Promise<void> | null = null;
  private listeners = new Set<() => void>();
  state: SessionState = SIGNED_OUT;

  constructor(private readonly endpoint: string) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  async signIn(email: string, password: string): Promise<void> {
    const data = await this.run(sessionOperations.signIn, { email, password });
    this.keep(tokensIn(data['login']));
    this.change({ email, notice: null });
  }

  /** Forgets the tokens in any case, and says so if the server could not be told to revoke them. */
  async signOut(): Promise<void> {
    const headers = await this.authorization();
    this.tokens = null;
    this.change(SIGNED_OUT);
    try {
      await this.run(sessionOperations.signOut, {}, headers);
    } catch (error) {
      this.change({ email: null, notice: `Signed out here, but the server did not revoke it: ${messageOf(error)}` });
    }
  }

  /** `fetch` with the user's token, unless the headers editor already names a credential. */
  fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (!HEADERS_THAT_AUTHENTICATE.some((name) => headers.has(name))) {
      const own = await this.authorization();
      for (const [name, value] of Object.entries(own)) headers.set(name, value);
    }
    return fetch(input, { ...init, headers });
  };

  /** The header of the signed-in user, renewed if it is about to expire; empty when nobody is signed in. */
  async authorization(): Promise<Record<string, string>> {
    if (this.tokens && Date.now() >= this.renewAt) {
      // Refresh tokens are single use: two renewals at once would look like theft and end the session.
      this.renewal ??= this.renew(this.tokens).finally(() => (this.renewal = null));
      await this.renewal;
    }
    return this.tokens ? { authorization: `Bearer ${this.tokens.accessToken}` } : {};
  }

  private async renew({ refreshToken }: Tokens): Promise<void> {
    try {
      const data = await this.run(sessionOperations.refresh, { refreshToken });
      this.keep(tokensIn(data['refresh']));
    } catch (error) {
      this.tokens = null;
      this.change({ email: null, notice: `Your session has ended, please sign in again. (${messageOf(error)})` });
    }
  }

  private keep(tokens: Tokens): void {
    this.tokens = tokens;
    this.renewAt = Date.now() + lifetimeMs(tokens.accessToken) - REFRESH_EARLY_MS;
  }

  private change(state: SessionState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }

  private async run(
    query: string,
    variables: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Record<string, unknown>> {
    const response = await fetch(this.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: JSON.stringify({ query, variables }),
    });
    const reply = (await response.json()) as Reply;
    if (reply.errors?.length) throw new Error(reply.errors.map(({ message }) => message).join(' '));
    if (!reply.data) throw new Error(`The server answered ${response.status} without data. Is this a Boucle endpoint?`);
    return reply.data;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function tokensIn(value: unknown): Tokens {
  const { accessToken, refreshToken } = (value ?? {}) as Partial<Tokens>;
  if (!accessToken || !refreshToken) throw new Error('The server answered without tokens.');
  return { accessToken, refreshToken };
}

/** `exp - iat`, not `exp` alone: the clock of this computer may differ from the server's. */
function lifetimeMs(accessToken: string): number {
  const payload = accessToken.split('.')[1] ?? '';
  const claims = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { exp: number; iat: number };
  return (claims.exp - claims.iat) * 1000;
}
