import JSON
import Testing

@Suite struct DecodingTests {
  @Test("A reply is decoded into its type")
  func decodes() throws {
    let reply: JSONValue = [
      "status": "running", "running": true, "size": JSONValue(UInt64.max), "offset": -1, "load": 1,
      "tags": ["a", "b"], "image": ["format": "qcow2"], "extra": nil,
    ]
    let object = try JSONObject(json: reply)
    #expect(try object.required("status", as: Status.self) == .running)
    #expect(try object.required("running", as: Bool.self))
    #expect(try object.required("size", as: UInt64.self) == .max)
    #expect(try object.required("offset", as: Int.self) == -1)
    #expect(try object.required("offset", as: Int64.self) == -1)
    #expect(try object.required("load", as: Double.self) == 1)
    #expect(try object.required("tags", as: [String].self) == ["a", "b"])
    #expect(try object.required("image", as: Image.self).format == "qcow2")
    #expect(try object.required("image", as: JSONObject.self) == ["format": "qcow2"])
    #expect(try object.required("extra", as: JSONValue.self) == .null)
    #expect(try object.optional("extra", as: String.self) == nil)
    #expect(try object.optional("absent", as: Int.self) == nil)
    #expect(try object.optional("status", as: String.self) == "running")
    let inferred: Int = try object.required("offset")
    #expect(inferred == -1)
  }

  @Test("A value of another type is an error that names the way to it", arguments: wrong)
  func refuses(_ reply: JSONValue, _ message: String) {
    #expect { try Images(json: reply) } throws: { "\($0)" == message }
  }

  @Test("An error holds the way, what was asked for and what was found")
  func holdsFacts() {
    let error = JSONTypeError(path: ["images", "[1]", "format"], expected: "a string", found: "7")
    #expect(throws: error) {
      try Images(json: ["images": [["format": "raw"], ["format": 7]]])
    }
  }

  @Test("An optional value of the wrong type is an error too")
  func refusesOptional() throws {
    let object: JSONObject = ["count": "3"]
    #expect(throws: JSONTypeError.self) { try object.optional("count", as: Int.self) }
  }

  @Test("An integer beyond its type is refused, and a double is no integer")
  func keepsIntegersExact() {
    #expect { try Int(json: JSONValue(UInt64.max)) } throws: {
      "\($0)"
        == "expected an integer from -9223372036854775808 to 9223372036854775807, found 18446744073709551615"
    }
    #expect(throws: JSONTypeError.self) { try UInt64(json: -1) }
    #expect(throws: JSONTypeError.self) { try Int(json: 1.0) }
    #expect(throws: JSONTypeError.self) { try Int(json: "1") }
    #expect(throws: JSONTypeError.self) { try Double(json: "1") }
    #expect(throws: JSONTypeError.self) { try Bool(json: 0) }
  }
}

private enum Status: String, JSONDecodable {
  case running
  case paused
}

private struct Image: JSONDecodable {
  let format: String
  let status: Status?

  init(json: JSONValue) throws(JSONTypeError) {
    let object = try JSONObject(json: json)
    format = try object.required("format")
    status = try object.optional("status")
  }
}

private struct Images: JSONDecodable {
  let images: [Image]

  init(json: JSONValue) throws(JSONTypeError) { images = try JSONObject(json: json).required("images") }
}

private let wrong: [(JSONValue, String)] = [
  ("text", #"expected an object, found "text""#),
  ([], "expected an object, found an array"),
  ([:], "images: expected a value, found nothing"),
  (["images": nil], "images: expected an array, found null"),
  (["images": ["format": "raw"]], "images: expected an array, found an object"),
  (["images": [["format": "raw"], 5]], "images[1]: expected an object, found 5"),
  (["images": [["format": ["raw"]]]], "images[0].format: expected a string, found an array"),
  (["images": [[:]]], "images[0].format: expected a value, found nothing"),
  (
    ["images": [["format": "raw", "status": "odd"]]],
    #"images[0].status: expected one of the known words, found "odd""#
  ),
  (
    ["images": .string(String(repeating: "x", count: 99))],
    "images: expected an array, found \"\(String(repeating: "x", count: 40))…\""
  ),
]
