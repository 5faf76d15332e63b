import graphql from '@graphql-eslint/eslint-plugin';
export default [
  { basePath: new URL('../..', import.meta.url).pathname, files: ['schema.graphql'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: new URL('../../schema.graphql', import.meta.url).pathname } } },
    plugins: { '@graphql-eslint': graphql },
    rules: { ...graphql.configs['flat/schema-recommended'].rules, ...graphql.configs['flat/schema-relay'].rules } },
];
