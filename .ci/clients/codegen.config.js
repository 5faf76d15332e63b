// Generates TypeScript types for the operations in codegen/operations.ts, as a frontend would.

export default {
  schema: '../../schema.graphql',
  documents: 'codegen/operations.ts',
  generates: {
    'codegen/generated/': {
      preset: 'client',
      config: {
        scalars: { DateTime: 'string', TimeZone: 'string' },
        strictScalars: true,
        enumsAsTypes: true,
        useTypeImports: true,
      },
    },
  },
};
