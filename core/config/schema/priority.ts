/** How important the requests of a route are, in `sluice.yaml`. */

import { defaultPriority } from "../traffic-defaults.ts";
import { Type } from "./builder.ts";
import { closed, count, expected, text } from "./terms.ts";

const level = { min: 0, max: 3 } as const;

export const priority = Type.Union(
  [
    Type.Integer({ minimum: level.min, maximum: level.max }),
    Type.Object(
      {
        header: text("the name of a field", { description: "Its value, 0 to 3, is the priority." }),
        default: count(level, {
          description: "Of requests without the field, or with another value in it.",
          default: defaultPriority,
        }),
        from: Type.Optional(
          Type.Enum(["trusted", "anyone"], {
            description:
              "Who may make a request more important than the default: trustedProxies, or anyone. Less important anyone may.",
            default: "trusted",
          }),
        ),
      },
      closed,
    ),
  ],
  {
    description:
      "When not all can be served: 0 is kept longest, 3 goes first. Or { header, default, from }; a policy may set another one (ctx.priority).",
    default: defaultPriority,
    ...expected("a whole number from 0 to 3, or { header, default, from }"),
  },
);
