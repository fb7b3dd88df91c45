/** A text that is no XML, or none that is read. */
export class XmlSyntaxError extends Error {
  override readonly name = "XmlSyntaxError";
}

/** A document that cannot be told as XML. */
export class NotXmlError extends Error {
  override readonly name = "NotXmlError";
}
