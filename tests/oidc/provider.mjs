// An identity provider on a free port of this machine: node provider.mjs CLIENT_SECRET REDIRECT. Prints its address.
import http from 'node:http';
import Provider from 'oidc-provider';

const [, , secret, redirect] = process.argv;
const accounts = {
  'sub-anna': { email: 'anna@example.com', email_verified: true, name: 'Anna Berg' },
  'sub-bob': { email: 'bob@example.com', email_verified: false, name: 'Bob' },
  'sub-carl': { email: 'carl@example.com', email_verified: true, name: 'Carl' },
};
const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'equipoise', client_secret: secret, redirect_uris: [redirect] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    cookies: { keys: [secret] },
    features: { devInteractions: { enabled: true } },
    pkce: { methods: ['S256'], required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
