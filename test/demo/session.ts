import { randomBytes } from 'node:crypto';
import type { BoucleClient } from '../support/boucle-process.ts';

const POLL_MS = 250;
/** Nothing in the demo takes longer; the access token would end after fifteen minutes. */
const PATIENCE_MS = 120_000;

/** A signed-in user of a Boucle. */
export class Session {
  readonly boucle: BoucleClient;
  readonly token: string;

  constructor(boucle: BoucleClient, token: string) {
    this.boucle = boucle;
    this.token = token;
  }

  /** Runs a GraphQL operation and returns its data; throws with the server's message on any error. */
  ask(query: string, variables?: object): Promise<any> {
    return this.boucle.ask(query, variables, this.token);
  }

  async post(path: string, body: object): Promise<any> {
    const response = await this.boucle.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      token: this.token,
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Asks again until `isDone`; `show` sees every answer on the way. @throws Error with the last answer after two minutes. */
  async until(
    query: string,
    variables: object,
    isDone: (data: any) => boolean,
    show: (data: any) => void,
  ): Promise<any> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const data = await this.ask(query, variables);
      show(data);
      if (isDone(data)) return data;
      if (Date.now() > deadline) throw new Error(`Waited for ${PATIENCE_MS / 1000} s in vain: ${JSON.stringify(data)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** The one who runs a demo's Boucle. */
export class Administrator extends Session {
  readonly email: string;
  readonly password: string;

  private constructor(boucle: BoucleClient, { email, password }: Credentials, token: string) {
    super(boucle, token);
    this.email = email;
    this.password = password;
  }

  /** Registers, which makes the first user of an empty embedded installation its administrator, and logs in. */
  static async register(boucle: BoucleClient): Promise<Administrator> {
    const input = newCredentials();
    await boucle.ask('mutation ($input: RegisterInput!) { register(input: $input) { user { id } } }', { input });
    return Administrator.logIn(boucle, input);
  }

  static async logIn(boucle: BoucleClient, input: Credentials): Promise<Administrator> {
    const { login } = await boucle.ask('mutation ($input: LoginInput!) { login(input: $input) { accessToken } }', {
      input,
    });
    return new Administrator(boucle, input, login.accessToken);
  }
}

export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export function newCredentials(): Credentials {
  return { email: 'demo@example.org', password: randomBytes(12).toString('base64url') };
}
