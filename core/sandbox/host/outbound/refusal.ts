/** A connection that the rules for outbound calls refuse; its message may be shown to the plugin's author. */
export class OutboundRefusal extends Error {
  override readonly name = "OutboundRefusal";
}
