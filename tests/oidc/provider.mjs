// A real OpenID Connect provider on this machine: who signs in as NAME is in the groups of NAME.
import { argv, stdout } from "node:process";
import { URL } from "node:url";
import { Provider } from "oidc-provider";

const [issuer, clientId, secret, returnUrl] = argv.slice(2);
const groups = { ann: ["editors"], ben: ["editors", "reviewers"], cho: ["admins"], dee: [] };
const provider = new Provider(issuer, {
  clients: [{ client_id: clientId, client_secret: secret, redirect_uris: [returnUrl] }],
  claims: {
    openid: ["sub"],
    profile: ["preferred_username"],
    email: ["email", "email_verified"],
    groups: ["groups"],
  },
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => true },
  cookies: { keys: ["of a test"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id.toUpperCase(),
      email: `${id}@example.org`,
      email_verified: id !== "dee",
      groups: groups[id] ?? [],
    }),
  }),
});
provider.listen(new URL(issuer).port, "127.0.0.1", () => stdout.write("ready\n"));
