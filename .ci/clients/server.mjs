// Where the server is and who asks, from the environment, as `interviews dev` prints it.

import { setting } from './own-server.mjs';

export const url = setting('GRAPHQL_URL');
export const staff = setting('TOKEN');
export const admin = setting('ADMIN_TOKEN');
export const driver = setting('DRIVER_TOKEN');

/** Where WebSockets go. */
export const socketUrl = (address = url) => address.replace(/^http/, 'ws');
