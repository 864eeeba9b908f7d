import { createRoot } from 'react-dom/client';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { createClient } from 'graphql-ws';
import { examples } from './examples.ts';
import { Session } from './session.ts';
import { signInPlugin } from './sign-in.jsx';

// Written in by the build: label of a Monaco worker → its file name beside this script.
/* global MONACO_WORKERS */
globalThis.MonacoEnvironment = {
  getWorker: (_moduleId, label) => new Worker(new URL(MONACO_WORKERS[label] ?? MONACO_WORKERS.editor, import.meta.url)),
};

// Relative to the page, so that an Ingress may serve Boucle under a path of its own.
const endpoint = new URL('graphql', document.baseURI);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol === 'https:' ? 'wss:' : 'ws:';

const session = new Session(endpoint.href);
const fetcher = createGraphiQLFetcher({
  url: endpoint.href,
  fetch: session.fetch,
  enableIncrementalDelivery: false,
  wsClient: createClient({ url: socket.href, lazy: true, connectionParams: () => session.authorization() }),
});
const plugins = [HISTORY_PLUGIN, signInPlugin(session)];

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={plugins}
    defaultTabs={examples}
    defaultQuery=""
    defaultEditorToolsVisibility
    shouldPersistHeaders={false}
    // Variables carry passwords and credentials of data sources: they shall not outlive the browser tab.
    storage={sessionStorage}
  >
    <GraphiQL.Logo>Boucle</GraphiQL.Logo>
  </GraphiQL>,
);
