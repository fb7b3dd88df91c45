/** Response fields that make browsers careful (https://owasp.org/www-project-secure-headers). */
import { definePlugin } from "sluice/sdk";

export default definePlugin({
  description: "Sets the response fields that make browsers careful",
  onResponse(response) {
    response.headers.set("x-content-type-options", "nosniff");
  },
});
