/// What an extended regular expression says, as a tree; corresponds to regex(7).
///
/// No deeper than the parser allows, so that walking it needs little of a stack.
indirect enum PatternNode {
  /// One byte out of a set.
  case byte(ByteSet)
  case lineStart
  case lineEnd
  case sequence([PatternNode])
  case choice([PatternNode])

  /// The node at least so many times; without `most`, any number.
  case repeated(PatternNode, least: Int, most: Int?)
}
