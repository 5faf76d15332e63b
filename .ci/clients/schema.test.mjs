// schema.graphql: @graphql-eslint has nothing to say against it (see eslint.config.js), and it is what a running server tells
// graphql-js of itself.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from 'graphql';
import { url } from './server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const eslint = new ESLint({
  cwd: root,
  overrideConfigFile: fileURLToPath(new URL('eslint.config.js', import.meta.url)),
});
const findings = async (text) => {
  const [{ messages }] = await eslint.lintText(text, { filePath: 'schema.graphql' });
  return messages.map(({ line, ruleId, message }) => `${line}: ${ruleId}: ${message}`);
};
const sdl = readFileSync(`${root}/schema.graphql`, 'utf8');

test('the rules for schemas find nothing', async () => {
  const found = await findings(sdl);
  assert.ok(found.length === 0, [`${found.length} findings`, ...found].join('\n'));
});

test('and they do look: where an exception is made, only what it names is let through', async () => {
  const found = await findings(`
    type Interview { interviewKind: Int, interviewer: Int }
    type Shelf { things(first: Int): ThingConnection }
    type ThingConnection { edges: [Int] }
  `);
  const ruleOf = (finding) => /@graphql-eslint\/([\w-]+)/.exec(finding)[1];
  const rules = ['no-typename-prefix', 'relay-arguments', 'relay-connection-types', 'require-description', 'strict-id-in-types'];
  assert.deepEqual(rules.filter((rule) => !found.some((finding) => ruleOf(finding) === rule)), []);
  const prefixes = found.filter((finding) => ruleOf(finding) === 'no-typename-prefix');
  assert.match(prefixes.join(), /^2:[^,]*"interviewKind"[^,]*$/);
});

test('introspection tells what schema.graphql says', async () => {
  const query = getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, inputValueDeprecation: true });
  const body = JSON.stringify({ query });
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { data, errors } = await answer.json();
  assert.equal(errors, undefined);
  const printed = (schema) => printSchema(lexicographicSortSchema(schema));
  assert.equal(printed(buildClientSchema(data)), printed(buildSchema(sdl)));
});
