// Where the server is and who asks, from the environment, as `interviews dev` prints it.

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start \`interviews dev\`, and take it from what that prints`);
  return value;
}

export const url = setting('GRAPHQL_URL');
export const staff = setting('TOKEN');
export const admin = setting('ADMIN_TOKEN');
export const driver = setting('DRIVER_TOKEN');
