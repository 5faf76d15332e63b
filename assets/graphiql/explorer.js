// Starts GraphiQL with the configuration that the server put into the page:
// {"endpoint": "/graphql", "token": "…" or null, "examples": [{"query": "…", "variables": "…"}]}
'use strict';

const config = JSON.parse(document.getElementById('explorer-config').textContent);

// Without a token the header is there to be filled in.
const defaultHeaders = JSON.stringify({ Authorization: `Bearer ${config.token ?? ''}` }, null, 2);

// GraphiQL's memory: tabs, history and settings, but never headers. A token of an
// earlier run must not come back in place of today's, nor lie on a disk. Tabs do
// without headers when GraphiQL is told so; its history does not, so it is done here.
function createStorage() {
  const memory = GraphiQL.createLocalStorage({ namespace: 'interviews' });
  const histories = { 'graphiql:queries': 'queries', 'graphiql:favorites': 'favorites' };

  function withHeaders(headers, key, value) {
    const list = histories[key];
    if (!list || !value) {
      return value;
    }
    const items = JSON.parse(value)[list].map((item) => ({ ...item, headers }));
    return JSON.stringify({ [list]: items });
  }

  return {
    getItem: (key) => withHeaders(defaultHeaders, key, memory.getItem(key)),
    setItem: (key, value) => memory.setItem(key, withHeaders(undefined, key, value)),
    removeItem: (key) => memory.removeItem(key),
    clear: () => memory.clear(),
    get length() {
      return memory.length;
    },
  };
}

const storage = createStorage();

// The first visit begins in the first example. GraphiQL takes only the query of
// `defaultTabs` for the tab it opens in, and the variables from its memory.
const [example] = config.examples;
if (example && storage.getItem('graphiql:tabState') === null) {
  storage.setItem('graphiql:query', example.query);
  storage.setItem('graphiql:variables', example.variables);
}

// Subscriptions go over WebSocket. GraphiQL opens one for each run, and the headers of that run are what it sends first.
const socketUrl = new URL(config.endpoint, location.href);
socketUrl.protocol = socketUrl.protocol.replace('http', 'ws');

const send = GraphiQL.createFetcher({
  url: config.endpoint,
  subscriptionUrl: socketUrl.href,
  enableIncrementalDelivery: false,
});

const isSubscription = (params, options) =>
  options?.documentAST?.definitions.some(
    ({ operation, name }) => operation === 'subscription' && (name?.value ?? '') === (params.operationName ?? ''),
  );

async function fetcher(params, options) {
  // A bearer token that nobody filled in is no token, rather than a wrong one.
  const filledIn = Object.entries(options?.headers ?? {}).filter(
    ([name, value]) => !(/^authorization$/i.test(name) && /^(Bearer)?\s*$/i.test(value)),
  );
  const headers = Object.fromEntries(filledIn);
  if (isSubscription(params, options)) {
    // The WebSocket client tells of a token that is refused only when it has tried it five times more. So it is looked at first.
    const signingIn = await send({ query: '{ viewer { id } }' }, { headers });
    if (signingIn.errors) {
      return signingIn;
    }
  }
  return send(params, { ...options, headers });
}

ReactDOM.createRoot(document.getElementById('explorer')).render(
  React.createElement(GraphiQL, {
    fetcher,
    storage,
    defaultHeaders,
    defaultTabs: config.examples.length
      ? config.examples.map((tab) => ({ ...tab, headers: defaultHeaders }))
      : undefined,
    // Where there is a token, the variables are what a person edits first.
    defaultEditorToolsVisibility: config.token ? 'variables' : 'headers',
    inputValueDeprecation: true,
    schemaDescription: true,
    shouldPersistHeaders: false,
  }),
);
