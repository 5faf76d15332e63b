// mercurius on fastify with graphql-jit and its own per-request loaders.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { batch, port, rootResolvers, typeDefs } from './interviews.mjs';

const loader = (fetch, key) => (queries) => fetch(queries.map(({ obj }) => obj[key]));
const app = Fastify();
app.register(mercurius, {
  path: '/graphql',
  jit: 1, // compiles a query at its second use
  schema: typeDefs,
  resolvers: rootResolvers,
  loaders: {
    Interview: {
      interviewee: loader(batch.interviewee, 'intervieweeId'),
      interviewer: loader(batch.interviewer, 'interviewerId'),
    },
    Interviewee: { driver: loader(batch.driver, 'driverId') },
  },
});
await app.listen({ port, host: '127.0.0.1' });
