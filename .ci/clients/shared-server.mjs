// The `interviews dev` that all test files share: its URL and its tokens, from the environment. `.ci/steps/clients`
// starts it.

import { setting } from './server-process.mjs';

export const url = setting('GRAPHQL_URL');
export const staff = setting('TOKEN');
export const admin = setting('ADMIN_TOKEN');
export const driver = setting('DRIVER_TOKEN');

/** The WebSocket URL that belongs to an HTTP URL. */
export const socketUrl = (address = url) => address.replace(/^http/, 'ws');
