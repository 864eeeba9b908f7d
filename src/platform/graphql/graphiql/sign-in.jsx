import { useState, useSyncExternalStore } from 'react';
import { Button, useGraphiQLActions } from '@graphiql/react';
import { messageOf } from './session.ts';

function KeyIcon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <circle cx="8" cy="15" r="4.5" />
      <path d="M11.5 11.5 20 3M16 7l3 3M13.5 9.5l2 2" strokeLinecap="round" />
    </svg>
  );
}

function SignInForm({ session, notice }) {
  const { introspect } = useGraphiQLActions();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      await session.signIn(form.get('email'), form.get('password'));
      introspect(); // the schema may have been withheld from an anonymous reader
    } catch (failure) {
      setError(messageOf(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="boucle-sign-in" onSubmit={submit}>
      <p>The access token stays in memory and goes out with every request. A reload forgets it.</p>
      <label>
        E-mail
        <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <Button type="submit" disabled={busy}>
        {busy ? 'Signing in…' : 'Sign in'}
      </Button>
      {(error ?? notice) && <p role="alert">{error ?? notice}</p>}
    </form>
  );
}

function SignedIn({ session, email }) {
  return (
    <div className="boucle-sign-in">
      <p role="status">
        Signed in as <strong>{email}</strong>.
      </p>
      <Button type="button" onClick={() => void session.signOut()}>
        Sign out
      </Button>
    </div>
  );
}

/** A panel of GraphiQL's left bar. */
export function signInPlugin(session) {
  function SignInPanel() {
    const { email, notice } = useSyncExternalStore(session.subscribe, () => session.state);
    return (
      <section aria-label="Sign in">
        <div className="graphiql-doc-explorer-title">Sign in</div>
        {email ? <SignedIn session={session} email={email} /> : <SignInForm session={session} notice={notice} />}
      </section>
    );
  }
  return { title: 'Sign in', icon: KeyIcon, content: SignInPanel };
}
