// Shared by the hand-written peers: the part of our GraphQL schema that the workloads need, and its SQL.
import pg from 'pg';
import { GraphQLScalarType } from 'graphql';

export const port = Number(process.env.PORT);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL }); // pg's default size: 10

export const typeDefs = /* GraphQL */ `
  scalar DateTime
  type Driver { id: ID! title: String! image: String phoneNumber: String }
  type Interviewee { id: ID! kind: String! updatedAt: DateTime! driver: Driver! }
  type Interviewer { id: ID! title: String! image: String contactPhoneNumber: String }
  type Interview {
    id: ID! kind: String! status: String! location: String
    startAt: DateTime! endAt: DateTime! amendStartAt: DateTime amendEndAt: DateTime amendedBy: String
    createdAt: DateTime! updatedAt: DateTime!
    interviewee: Interviewee! interviewer: Interviewer!
  }
  type InterviewConnection { nodes: [Interview!]! pageInfo: PageInfo! }
  type PageInfo { hasNextPage: Boolean! endCursor: String }
  type Query {
    interviews(first: Int!, after: String): InterviewConnection!
    interview(id: ID!): Interview
  }
  input UpdateInterviewInput { location: String startAt: DateTime endAt: DateTime }
  type UserError { code: String! message: String! }
  type InterviewPayload { interview: Interview userErrors: [UserError!]! }
  type Mutation { updateInterview(id: ID!, input: UpdateInterviewInput!): InterviewPayload! }
`;

const COLUMNS = `id, kind, status, start_at AS "startAt", end_at AS "endAt", amend_start_at AS "amendStartAt",
  amend_end_at AS "amendEndAt", amended_by AS "amendedBy", location, interviewee_id AS "intervieweeId",
  interviewer_id AS "interviewerId", created_at AS "createdAt", updated_at AS "updatedAt"`;
const COLUMN_OF = { location: 'location', startAt: 'start_at', endAt: 'end_at' };
const encodeCursor = ({ startAt, id }) => Buffer.from(`${startAt.toISOString()}|${id}`).toString('base64url');
const decodeCursor = (cursor) => Buffer.from(cursor, 'base64url').toString().split('|');

async function interviews(_, { first, after }) {
  const { rows } = await pool.query(
    `SELECT ${COLUMNS} FROM interviews
     WHERE (start_at, id) > ($1::timestamptz, $2::bigint) ORDER BY start_at, id LIMIT $3`,
    [...(after ? decodeCursor(after) : ['-infinity', 0]), first + 1]);
  const nodes = rows.slice(0, first);
  const endCursor = nodes.length ? encodeCursor(nodes.at(-1)) : null;
  return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor } };
}

async function interview(_, { id }) {
  return (await pool.query(`SELECT ${COLUMNS} FROM interviews WHERE id = $1`, [id])).rows[0] ?? null;
}

async function updateInterview(_, { id, input }) {
  const changed = Object.keys(input).map((field, i) => `${COLUMN_OF[field]} = $${i + 2}`);
  const { rows } = await pool.query(
    `UPDATE interviews SET ${[...changed, 'updated_at = now()']} WHERE id = $1 RETURNING ${COLUMNS}`,
    [id, ...Object.values(input)]);
  const userErrors = rows.length ? [] : [{ code: 'NOT_FOUND', message: 'No such interview' }];
  return { interview: rows[0] ?? null, userErrors };
}

const parseDateTime = (text) => {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new TypeError('not a DateTime');
  return date;
};

export const rootResolvers = {
  DateTime: new GraphQLScalarType({
    name: 'DateTime', serialize: (date) => date.toISOString(), parseValue: parseDateTime,
  }),
  Query: { interviews, interview },
  Mutation: { updateInterview },
};

// Batch functions as DataLoader wants them: one row for each id, in the order of the ids.
const batchById = (sql) => async (ids) => {
  const { rows } = await pool.query(`${sql} WHERE id = ANY($1::bigint[])`, [ids]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => byId.get(id) ?? null);
};
export const batch = {
  interviewee: batchById('SELECT id, kind, driver_id AS "driverId", updated_at AS "updatedAt" FROM interviewees'),
  driver: batchById('SELECT id, title, image, phone_number AS "phoneNumber" FROM drivers'),
  interviewer: batchById('SELECT id, title, image, contact_phone_number AS "contactPhoneNumber" FROM interviewers'),
};
