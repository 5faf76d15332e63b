// schema.graphql passes the rules of @graphql-eslint (see eslint.config.js), and equals the schema that graphql-js
// builds from a running server's introspection.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from 'graphql';
import { url } from './shared-server.mjs';

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

test('schema.graphql follows the rules for schemas', async () => {
  const found = await findings(sdl);
  assert.ok(found.length === 0, [`${found.length} findings`, ...found].join('\n'));
});

test('the rules are active, and an exception covers only what it names', async () => {
  const found = await findings(`
    type Interview { interviewKind: Int, interviewer: Int }
    type Shelf { things(first: Int): ThingConnection }
    type ThingConnection { edges: [Int] }
  `);
  const ruleOf = (finding) => /@graphql-eslint\/([\w-]+)/.exec(finding)[1];
  const expected = [
    'no-typename-prefix',
    'relay-arguments',
    'relay-connection-types',
    'require-description',
    'strict-id-in-types',
  ];
  assert.deepEqual(expected.filter((rule) => !found.some((finding) => ruleOf(finding) === rule)), []);
  const prefixes = found.filter((finding) => ruleOf(finding) === 'no-typename-prefix');
  assert.match(prefixes.join(), /^2:[^,]*"interviewKind"[^,]*$/);
});

test('introspection returns the schema of schema.graphql', async () => {
  const options = {
    schemaDescription: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    inputValueDeprecation: true,
    oneOf: true,
  };
  const query = getIntrospectionQuery(options);
  const body = JSON.stringify({ query });
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined);
  const printed = (schema) => printSchema(lexicographicSortSchema(schema));
  assert.equal(printed(buildClientSchema(data)), printed(buildSchema(sdl)));
});
