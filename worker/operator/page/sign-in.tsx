import { Document } from "./document.tsx";

/** The form for the operator token, on the operator's host. */
export function SignInPage({ prefix, next }: { prefix: string; next: string }) {
  return (
    <Document title="Ebb: sign in" prefix={prefix}>
      <form class="sign-in" id="sign-in" method="post" action={`${prefix}/sign-in`}>
        <h1>Sign in</h1>
        <label for="token">Operator token</label>
        <input
          id="token"
          name="token"
          type="password"
          required
          autocomplete="current-password"
          spellcheck={false}
          autofocus
          aria-describedby="sign-in-outcome"
        />
        <input type="hidden" name="next" value={next} />
        <button type="submit">Sign in</button>
        <p id="sign-in-outcome" class="outcome" role="status" />
        <p class="quiet">
          The value of the secret that opens {prefix}. You stay signed in for an hour; the token itself is not kept in
          the browser.
        </p>
      </form>
    </Document>
  );
}

/** On every other host: upstreams answer there, and a script of theirs could use a session. */
export function NotHerePage({ prefix, operatorHost }: { prefix: string; operatorHost: string | undefined }) {
  return (
    <Document title="Ebb: not here" prefix={prefix}>
      <section class="notice">
        <h1>You cannot sign in on this host</h1>
        <p>
          Services answer here too, and a script of theirs could use your session. The page opens only on the operator's
          own host.
        </p>
        {operatorHost === undefined ? (
          <>
            <p>None is configured yet. Name one in the configuration, and route it to this Worker:</p>
            <pre>{'operator: { host: "ops.example.com" }'}</pre>
          </>
        ) : (
          <p>
            <a class="button" href={`https://${operatorHost}${prefix}`}>
              Open {operatorHost}
            </a>
          </p>
        )}
        <p>Without a browser, the token opens the figures as JSON on any host:</p>
        <pre>{`curl -H "Authorization: Bearer $OPERATOR_TOKEN" https://HOST${prefix}`}</pre>
      </section>
    </Document>
  );
}

/** Any other reason for which there is nothing to show. */
export function NoticePage({ prefix, title, text }: { prefix: string; title: string; text: string }) {
  return (
    <Document title={`Ebb: ${title}`} prefix={prefix}>
      <section class="notice">
        <h1>{title}</h1>
        <p>{text}</p>
        <p>
          <a href={prefix}>All services</a>
        </p>
      </section>
    </Document>
  );
}

export function SignOut({ prefix }: { prefix: string }) {
  return (
    <form method="post" action={`${prefix}/sign-out`}>
      <button type="submit" class="plain">
        Sign out
      </button>
    </form>
  );
}
