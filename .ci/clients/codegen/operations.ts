// What a frontend would write. It is compiled, not run: correct uses must compile, and each line marked as wrong must
// not.

import type { ApolloClient } from '@apollo/client';
import { graphql } from './generated';

const Interviews = graphql(`
  query Interviews($first: Int!, $after: String, $filter: InterviewFilter, $orderBy: InterviewOrder) {
    interviews(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
      nodes {
        id
        status
        startAt
        location
        availableActions
        interviewee {
          kind
          driver {
            title
            phoneNumber
          }
        }
        interviewer {
          title
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`);

const UpdateInterview = graphql(`
  mutation UpdateInterview($id: ID!, $input: UpdateInterviewInput!, $expectedVersion: Int) {
    updateInterview(id: $id, input: $input, expectedVersion: $expectedVersion) {
      interview {
        id
        version
      }
      userErrors {
        __typename
        code
        message
        path
        ... on ScheduleConflictError {
          side
          conflicts {
            id
          }
        }
        ... on StaleVersionError {
          current {
            version
          }
        }
      }
    }
  }
`);

export async function phoneNumbers(client: ApolloClient): Promise<(string | null)[]> {
  const { data } = await client.query({
    query: Interviews,
    variables: {
      first: 10,
      filter: { status: ['PENDING', 'AMENDED'], startAt: { gte: '2025-03-20T00:00:00Z' }, awaitingMe: true },
      orderBy: { field: 'UPDATED_AT', direction: 'DESC' },
    },
  });
  return data?.interviews.nodes.map(({ interviewee }) => interviewee.driver.phoneNumber ?? null) ?? [];
}

export async function move(client: ApolloClient, id: string, startAt: string, endAt: string): Promise<string> {
  const { data } = await client.mutate({ mutation: UpdateInterview, variables: { id, input: { startAt, endAt } } });
  for (const error of data?.updateInterview.userErrors ?? []) {
    switch (error.__typename) {
      case 'ScheduleConflictError':
        return `${error.side} is busy: ${error.conflicts.map((it) => it.id).join()}`;
      case 'StaleVersionError':
        return `the interview is at version ${error.current.version.toFixed()} now`;
      default:
        return error.code === 'FORBIDDEN' ? 'not allowed' : `${error.path.join('.')}: ${error.message}`;
    }
  }
  return 'done';
}

export async function wrong(client: ApolloClient): Promise<void> {
  // @ts-expect-error: `first` is missing
  await client.query({ query: Interviews, variables: {} });
  // @ts-expect-error: no such status
  await client.query({ query: Interviews, variables: { first: 1, filter: { status: ['DONE'] } } });
  // @ts-expect-error: an update has no `status`
  await client.mutate({ mutation: UpdateInterview, variables: { id: '27', input: { status: 'SCHEDULED' } } });
  const { data } = await client.query({ query: Interviews, variables: { first: 1 } });
  // @ts-expect-error: `location` may be null
  data?.interviews.nodes[0]?.location.length;
  // @ts-expect-error: `version` was not asked for
  data?.interviews.nodes[0]?.version;
}
