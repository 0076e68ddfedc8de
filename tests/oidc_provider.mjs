// The certified provider of npm with one client and one person: node oidc_provider.mjs PORT CLIENT PERSON
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.cwd()}/.node/`);
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));
const [port, client, person] = process.argv.slice(2);
const claims = JSON.parse(person);

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ ...JSON.parse(client), token_endpoint_auth_method: "client_secret_basic" }],
  claims: {
    openid: ["sub", "acr", "amr"],
    email: ["email", "email_verified"],
    commission: ["employeeHsaId", "commissionHsaId", "healthCareUnitHsaId"],
  },
  scopes: ["openid", "email", "commission"],
  acrValues: ["http://id.sambi.se/loa/loa3"],
  pkce: { required: () => true },
  cookies: { keys: ["a key of this run only"] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...claims }) }),
});
provider.listen(Number(port), "127.0.0.1");
