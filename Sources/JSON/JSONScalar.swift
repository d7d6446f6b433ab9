/// A value that is neither an array nor an object, as the lexer reads it.
enum JSONScalar {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  case number(Double)
  case string(String)
}
