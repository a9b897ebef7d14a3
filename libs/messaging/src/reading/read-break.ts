/** Reading a stream broke: what was read ahead is dropped, and the reader begins again where the last message was handed out. */
export class ReadBreak extends Error {
  override readonly name = 'ReadBreak';
}

/** There is no such stream. */
export class StreamMissing extends Error {
  override readonly name = 'StreamMissing';
}
