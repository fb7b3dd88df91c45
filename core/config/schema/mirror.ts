/** The shape of what a route copies its requests to. */
import { mirrorBounds } from "../bounds.ts";
import { defaultMirror } from "../traffic-defaults.ts";
import { Type } from "./builder.ts";
import { closed, count, duration, portion, size } from "./terms.ts";

const entry = Type.Object(
  {
    cluster: Type.String({ description: "Name of the cluster that gets the copies." }),
    share: portion(defaultMirror.share, "Of the requests that are copied."),
    maxBody: size(defaultMirror.maxBody, mirrorBounds.maxBody, "Requests with a longer body are not copied."),
    maxInFlight: count(mirrorBounds.maxInFlight, {
      description: "Copies of each reactor that are not answered yet; while there are more, none is made.",
      default: defaultMirror.maxInFlight,
    }),
    timeout: duration(
      defaultMirror.timeout,
      mirrorBounds.timeout,
      "For a copy, until the end of its response.",
    ),
  },
  closed,
);

export const mirror = Type.Array(entry, {
  description:
    "Clusters that get copies of the requests, marked by X-Sluice-Mirror. Their responses are read and thrown away, and nothing waits for them.",
});
