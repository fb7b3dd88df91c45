/** How the time that is left of a request is told, in `sluice.yaml`. */
import { Type } from "./builder.ts";
import { closed, expected, text } from "./terms.ts";

const header = text("the name of a field", { description: "Whole ms, written anew for each attempt." });

export const deadlineHeader = Type.Union(
  [
    Type.Literal(false),
    Type.String({ minLength: 1 }),
    Type.Object(
      {
        header,
        from: Type.Optional(
          Type.Enum(["nobody", "trusted", "anyone"], {
            description:
              "Whose field is believed where it leaves less than timeout does: nobody's, that of trustedProxies, or anyone's.",
            default: "nobody",
          }),
        ),
      },
      closed,
    ),
  ],
  {
    description:
      "A field that tells the endpoint in how many ms its answer is of use: the least of what is left of timeout, perTry and the cluster's responseHead. What a client sends in it goes no further.",
    default: false,
    ...expected('false, a field name such as "x-request-timeout-ms" or { header, from }'),
  },
);
