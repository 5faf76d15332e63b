// A client that repeats requests as docs/guide/errors.md says.

import { setTimeout as pause } from 'node:timers/promises';

/** Longer than `REQUEST_TIMEOUT`. */
const ATTEMPT = 15_000;
/** When a request has failed, in milliseconds. */
const LIMIT = 60_000;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 2000;

/**
 * `request({query, variables})` returns the data. A change needs an `expectedVersion`, with which it is not made twice.
 * `problems` lists the attempts that were repeated, and why.
 */
export function patientRequest(url, token) {
  const problems = [];
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };

  /** The data, or why to repeat the request. */
  async function attempt(body) {
    let response;
    let result;
    try {
      response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(ATTEMPT) });
      const text = await response.text();
      if ([502, 503, 504].includes(response.status)) return { problem: `${response.status} ${text.slice(0, 100)}` };
      result = JSON.parse(text);
    } catch (problem) {
      return { problem: `${problem.name}: ${problem.cause?.code ?? problem.message}` };
    }
    const { data, errors } = result;
    if (!errors) return { data };
    const { code, retryable, retryAfter } = errors[0].extensions;
    if (!retryable && code !== 'OUTCOME_UNKNOWN') throw new Error(JSON.stringify(errors));
    return { problem: code, wait: retryAfter && retryAfter * 1000 };
  }

  async function request({ query, variables }) {
    const body = JSON.stringify({ query, variables });
    const end = performance.now() + LIMIT;
    for (let wait = FIRST_PAUSE; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
      const { data, problem, wait: least = 0 } = await attempt(body);
      if (data) return data;
      problems.push(problem);
      if (performance.now() > end) throw new Error(`a request failed: ${problem}`);
      await pause(Math.max(wait, least));
    }
  }

  return { request, problems };
}
