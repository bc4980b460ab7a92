// SPDX-License-Identifier: MIT
// Memory records as traces in Chrome's JSON format, which https://ui.perfetto.dev and chrome://tracing open: a counter
// for each category and for all, slices for ranges, a mark for every piece of memory that is taken. Format: "Trace
// Event Format", https://chromium.googlesource.com/catapult.
#pragma once

#include <string_view>

#include <slimfit/memory/record.hpp>

namespace slimfit {

/// What stands for time in a trace.
enum class trace_time : unsigned char {
  measured,  ///< microseconds since the recording began
  counted    ///< the number of the event: of plans, which take no time
};

namespace detail {
/// Text between quotes, as JSON wants it.
template <class Stream>
void write_json_text(Stream& out, std::string_view text) {
  constexpr char const* digits = "0123456789abcdef";
  out << '"';
  for (char const c : text) {
    auto const code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out << '\\' << c;
    } else if (code < 0x20) {
      out << "\\u00" << digits[code >> 4U] << digits[code & 15U];
    } else {
      out << c;
    }
  }
  out << '"';
}
}  // namespace detail

/// Writes `record` to `out`: {"traceEvents": [...]}, counters in bytes.
/// @tparam Stream std::ostream or what is derived from it
template <class Stream>
void write_chrome_trace(Stream& out, memory_record const& record, trace_time time = trace_time::measured) {
  using kind = memory_event::kind;
  double now = 0;
  bool first = true;
  auto const begin = [&](char const* phase, std::string_view name) {
    out << (first ? "\n" : ",\n") << R"({"ph":")" << phase << R"(","pid":1,"tid":1,"ts":)" << now << R"(,"name":)";
    first = false;
    detail::write_json_text(out, name);
  };
  auto const counter = [&](char const* name, index_t bytes) {
    begin("C", name);
    out << R"(,"args":{"bytes":)" << bytes << "}}";
  };
  auto const precision = out.precision(15);
  byte_counts held;
  int open = 0;
  index_t number = 0;
  out << R"({"displayTimeUnit":"ms","traceEvents":[)";
  for (auto const& event : record.events()) {
    now = time == trace_time::measured ? 1e6 * event.seconds : static_cast<double>(number);
    ++number;
    switch (event.what) {
      case kind::range_begin:
        begin("B", record.range_name(event));
        out << '}';
        ++open;
        break;
      case kind::range_end:
        begin("E", "");
        out << '}';
        --open;
        break;
      case kind::forward_end:
        begin("i", "forward pass ended");
        out << R"(,"s":"t"})";
        break;
      case kind::change:
        held[event.purpose] += event.bytes;
        auto const* const purpose = category_names[static_cast<std::size_t>(event.purpose)];
        if (event.bytes > 0) {
          begin("i", record.label(event).text());
          out << R"(,"s":"t","args":{"bytes":)" << event.bytes << R"(,"category":")" << purpose << R"("}})";
        }
        counter(purpose, held[event.purpose]);
        counter("total", held.total());
        break;
    }
  }
  for (; open > 0; --open) {
    begin("E", "");
    out << '}';
  }
  out << "\n]}\n";
  out.precision(precision);
}

}  // namespace slimfit
