// Starts GraphiQL with the configuration that the server has written into the page:
// {"endpoint": "/graphql", "token": "…" or null, "examples": [{"query": "…", "variables": "…"}]}
'use strict';

const config = JSON.parse(document.getElementById('explorer-config').textContent);

// Without a token the user completes the header.
const defaultHeaders = JSON.stringify({ Authorization: `Bearer ${config.token ?? ''}` }, null, 2);

// Stores tabs, history and settings of GraphiQL, but never headers: a token must not be written to disk, and an old
// token must not replace the current one. `shouldPersistHeaders` keeps headers out of the tabs; GraphiQL has no such
// setting for the history, therefore they are removed here.
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

// The first visit starts with the first example. For the active tab GraphiQL reads only the query from `defaultTabs`,
// and the variables from its storage.
const [example] = config.examples;
if (example && storage.getItem('graphiql:tabState') === null) {
  storage.setItem('graphiql:query', example.query);
  storage.setItem('graphiql:variables', example.variables);
}

// Subscriptions use WebSocket. GraphiQL opens one for each run and sends the headers of the run in its first message.
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

// GraphiQL notices the name of the operation some time after an edit or a change of tabs. Until then it sends the name
// of an earlier operation, which the server would reject.
function withCurrentName(params) {
  const names = [...params.query.matchAll(/\b(?:query|mutation|subscription)\s+(\w+)/g)].map(([, name]) => name);
  return names.includes(params.operationName) ? params : { ...params, operationName: undefined };
}

async function fetcher(given, options) {
  const params = withCurrentName(given);
  // An incomplete header is left out: the server would reject an empty token.
  const filledIn = Object.entries(options?.headers ?? {}).filter(
    ([name, value]) => !(/^authorization$/i.test(name) && /^(Bearer)?\s*$/i.test(value)),
  );
  const headers = Object.fromEntries(filledIn);
  if (isSubscription(params, options)) {
    // The WebSocket client reports a refused token only after five retries, therefore the token is checked first.
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
    // With a token, the user edits the variables first.
    defaultEditorToolsVisibility: config.token ? 'variables' : 'headers',
    inputValueDeprecation: true,
    schemaDescription: true,
    shouldPersistHeaders: false,
  }),
);
