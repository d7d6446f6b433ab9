/// A whole text, known to be valid UTF-8, that a document is read from.
///
/// It is validated once, all of it, before anything is read: the lexer then makes strings without a second look and
/// decodes scalars without a failure to think of. It borrows its bytes and lives only as long as the reading.
struct JSONText {
  let bytes: UnsafeBufferPointer<UInt8>

  init(validating bytes: UnsafeBufferPointer<UInt8>) throws(JSONSyntaxError) {
    self.bytes = bytes
    let offset: Int
    do throws(UTF8.ValidationError) {
      _ = try UTF8Span(validating: bytes.span)
      return
    } catch {
      offset = error.byteOffsets.lowerBound
    }
    throw JSONSyntaxError(.invalidUTF8(bytes[offset]), at: position(of: offset))
  }

  var end: Int { bytes.count }

  subscript(offset: Int) -> UInt8 { bytes[offset] }

  /// The scalar that begins at an offset; nil at the end.
  func scalar(at offset: Int) -> Unicode.Scalar? {
    guard offset < end else { return nil }
    var decoder = UTF8()
    var rest = bytes[offset...].makeIterator()
    if case .scalarValue(let scalar) = decoder.decode(&rest) { return scalar }
    return nil
  }

  /// The text of a range whose ends are not inside a scalar.
  func string(_ range: Range<Int>, isASCII: Bool) -> String {
    // The whole text is valid UTF-8, so this part is.
    String(copying: UTF8Span(unchecked: bytes.span.extracting(range), isKnownASCII: isASCII))
  }
}

extension JSONText {
  /// A place whose line and column are known, to count on from.
  struct Mark {
    var offset = 0
    var position = JSONPosition.start
  }

  func position(of offset: Int) -> JSONPosition {
    var mark = Mark()
    advance(&mark, to: offset)
    return mark.position
  }

  /// Moves a mark on to an offset at or behind it.
  func advance(_ mark: inout Mark, to offset: Int) {
    for index in mark.offset..<offset {
      switch bytes[index] {
      case .lineFeed where index > 0 && bytes[index - 1] == .carriageReturn:
        break  // The second half of one line end.
      case .lineFeed, .carriageReturn:
        mark.position.line += 1
        mark.position.column = 1
      case 0x80...0xBF:
        break  // Inside a scalar that is counted already.
      default:
        mark.position.column += 1
      }
    }
    mark.offset = offset
  }
}

extension Collection<UInt8> {
  /// Lends these bytes as a text to be read.
  ///
  /// The reading is a closure of the caller so that it is compiled for its one type of result, and not anew or, worse,
  /// unspecialised for each type of collection.
  func withText<Result>(
    _ read: (JSONText) throws(JSONSyntaxError) -> Result
  ) throws(JSONSyntaxError) -> Result {
    func attempt(_ bytes: UnsafeBufferPointer<UInt8>) -> Swift.Result<Result, JSONSyntaxError> {
      Swift.Result { () throws(JSONSyntaxError) in try read(JSONText(validating: bytes)) }
    }
    let result = withContiguousStorageIfAvailable(attempt) ?? Array(self).withUnsafeBufferPointer(attempt)
    return try result.get()
  }
}
