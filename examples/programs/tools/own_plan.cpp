// SPDX-License-Identifier: MIT
#include "own_plan.hpp"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <slimfit/core/error.hpp>
#include <sstream>
#include <vector>

#include "own_reply.hpp"
#include "plan_program.hpp"
#include "reference_memory.hpp"

namespace examples {

namespace {

namespace files = std::filesystem;

std::string code_of(slimfit::vit_shape const& shape) {
  std::ostringstream code;
  code.precision(17);
  code << "slimfit::vit<slimfit::vit_shape{.image = " << shape.image << ", .patch = " << shape.patch
       << ", .channels = " << shape.channels << ", .hidden = " << shape.hidden << ", .heads = " << shape.heads
       << ", .mlp = " << shape.mlp << ", .layers = " << shape.layers << ", .classes = " << shape.classes
       << ", .layer_scale = " << (shape.layer_scale ? "true" : "false") << ", .norm_epsilon = " << shape.norm_epsilon
       << "}";
  return code.str();
}
std::string code_of(slimfit::bert_shape const& shape) {
  std::ostringstream code;
  code << "slimfit::bert<slimfit::bert_shape{.vocabulary = " << shape.vocabulary << ", .positions = " << shape.positions
       << ", .types = " << shape.types << ", .hidden = " << shape.hidden << ", .heads = " << shape.heads
       << ", .mlp = " << shape.mlp << ", .layers = " << shape.layers << ", .classes = " << shape.classes
       << ", .tokens = " << shape.tokens << ", .hidden_dropout = " << shape.hidden_dropout
       << ", .attention_dropout = " << shape.attention_dropout << "}";
  return code.str();
}

/// The whole program.
std::string source_of(own_shape const& shape, own_policy const& policy, std::string const& scalar) {
  std::string source = "#include <slimfit/format.hpp>\n#include <slimfit/models.hpp>\n#include <slimfit/policy.hpp>\n";
  if (!policy.header.empty()) { source += "#include \"" + policy.header + "\"\n"; }
  auto const model = std::visit([](auto const& each) { return code_of(each); }, shape);
  return source + "template <class Policy, class Device, class T>\nusing own_model = " + model +
         ", Policy, Device, T>;\nusing own_policy = " + policy.type +
         ";\nusing own_scalar = " + (scalar == "bf16" ? "slimfit::bf16" : scalar) + ";\n" + std::string(plan_program);
}

/// A word of a shell's command.
std::string quoted(std::string const& word) {
  std::string result = "'";
  for (char const letter : word) { result += letter == '\'' ? std::string("'\\''") : std::string(1, letter); }
  return result + "'";
}

struct command_result {
  int status = 0;
  std::string output;
};
/// Runs a command, and reads what it prints.
command_result run(std::string const& command) {
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) { throw slimfit::file_error("cannot run " + command); }
  command_result result;
  std::array<char, 4096> buffer{};
  for (std::size_t count = 0; (count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    result.output.append(buffer.data(), count);
  }
  result.status = pclose(pipe);
  return result;
}

/// Where compiled plans are kept.
files::path cache_folder() {
  char const* const cache = std::getenv("XDG_CACHE_HOME");
  char const* const home = std::getenv("HOME");
  files::path folder = cache != nullptr && *cache != '\0' ? files::path(cache)
                       : home != nullptr                  ? files::path(home) / ".cache"
                                                          : files::temp_directory_path();
  folder = folder / "slimfit" / "plans";
  std::error_code failed;
  files::create_directories(folder, failed);
  if (failed) {
    throw slimfit::file_error("cannot make " + folder.string() + ", where compiled plans are kept: set XDG_CACHE_HOME");
  }
  return folder;
}

/// The library's headers: of the installation that this program is part of, else those it was compiled with.
std::string include_folder() {
  std::error_code failed;
  auto const self = files::read_symlink("/proc/self/exe", failed);
  if (!failed) {
    auto const installed = self.parent_path().parent_path() / "include";
    if (files::exists(installed / "slimfit/slimfit.hpp", failed)) { return installed.string(); }
  }
  return SLIMFIT_INCLUDE_FOLDER;
}

std::string compiler() {
  char const* const chosen = std::getenv("CXX");
  return chosen != nullptr && *chosen != '\0' ? chosen : SLIMFIT_COMPILER;
}

/// A number for a text: FNV-1a's of 64 bits.
std::string number_of(std::string const& text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (char const letter : text) { hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U; }
  std::array<char, 17> digits{};
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(hash));
  return digits.data();
}

/// Whether `program` is newer than all files that its compiler wrote down in `list`.
bool is_current(files::path const& program, files::path const& list) {
  std::error_code failed;
  auto const made = files::last_write_time(program, failed);
  std::ifstream names(list);
  if (failed || !names) { return false; }
  std::string name;
  names >> name;  // the target
  while (names >> name) {
    if (name == "\\") { continue; }
    auto const changed = files::last_write_time(name, failed);
    if (failed || changed > made) { return false; }
  }
  return true;
}

/// What a compiler's output says in words of the library's; all of it where it says nothing in these.
std::string sentence_in(std::string const& output) {
  auto const begin = output.find("slimfit: ");
  if (begin == std::string::npos) { return output.substr(0, 4000); }
  auto const end = output.find('\n', begin);
  auto sentence = output.substr(begin, end - begin);
  if (!sentence.empty() && sentence.back() == '"') { sentence.pop_back(); }  // clang++ shows it as it is written
  return sentence;
}

/// Compiles `source` to `program`.
void compile(std::string const& source, files::path const& program, own_policy const& policy) {
  auto const own = program.string() + "." + std::to_string(getpid());  // another slimfit-plan may compile the same
  struct temporary {
    std::string name;
    ~temporary() {
      for (char const* const end : {".cpp", "", ".d"}) {
        std::error_code ignored;
        files::remove(name + end, ignored);
      }
    }
  } const files_of_mine{own};
  if (!(std::ofstream(own + ".cpp") << source).flush()) { throw slimfit::file_error("cannot write " + own + ".cpp"); }
  if (run("command -v " + compiler().substr(0, compiler().find(' ')) + " 2>&1").status != 0) {
    throw slimfit::file_error("compiler: is " + compiler() +
                              ", which is not there; sizes and policies are types, so a plan of one's own needs "
                              "a C++20 compiler: install one, or name it in the variable CXX");
  }
  std::fprintf(stderr, "slimfit-plan: compiling a plan under %s (once; kept in %s)\n", policy.type.c_str(),
               program.parent_path().c_str());
  auto const result =
      run(compiler() + " -std=c++20 -O0 -w -I" + quoted(include_folder()) + " -I" + quoted(SLIMFIT_CBLAS_FOLDER) +
          " -MMD -MF " + quoted(own + ".d") + " -o " + quoted(own) + " " + quoted(own + ".cpp") + " 2>&1");
  if (result.status != 0) { throw slimfit::value_error("this model does not compile: " + sentence_in(result.output)); }
  // Its own source is gone next time; the cache's name stands for it.
  std::ifstream found(own + ".d");
  std::string list((std::istreambuf_iterator<char>(found)), {});
  if (auto const at = list.find(own + ".cpp"); at != std::string::npos) { list.erase(at, own.size() + 4); }
  std::ofstream(program.string() + ".d") << list;
  files::rename(own, program);
}

}  // namespace

index_t tokens_of(own_shape const& shape) {
  if (auto const* const bert = std::get_if<slimfit::bert_shape>(&shape)) { return bert->tokens; }
  auto const& vit = std::get<slimfit::vit_shape>(shape);
  index_t const side = vit.patch > 0 ? vit.image / vit.patch : 0;
  return side * side + 1;
}

own_plan::own_plan(own_shape const& shape, own_policy const& policy, std::string const& scalar) : shape_(shape) {
  auto absolute = policy;
  if (!policy.header.empty()) {
    if (!files::exists(policy.header)) {
      throw slimfit::file_error("--policy-header: is " + policy.header + ", expected a file that exists");
    }
    absolute.header = files::absolute(policy.header).string();
  }
  auto const source = source_of(shape, absolute, scalar);
  program_ = cache_folder() / ("plan-" + number_of(compiler() + include_folder() + source));
  if (!is_current(program_, program_.string() + ".d")) { compile(source, program_, absolute); }
}

namespace {

/// Asks the program.
own_reply ask(files::path const& program, char const* what, plan_request const& request) {
  std::ostringstream command;
  command.precision(17);
  command << quoted(program.string()) << ' ' << what << ' ' << request.batch << ' ' << request.tokens << ' '
          << request.rate << ' ' << request.moments << ' ' << request.ranks;
  auto const result = run(command.str());
  own_reply reply(result.output);
  if (!reply.error.empty()) { throw slimfit::value_error(reply.error); }
  if (result.status != 0) { throw slimfit::file_error(program.string() + ": ended with an error; remove it"); }
  return reply;
}

}  // namespace

plan_row own_plan::row(plan_request request) const {
  if (request.tokens == 0) { request.tokens = tokens_of(shape_); }
  auto const reply = ask(program_, "row", request);
  plan_row row;
  row.request = request;
  row.request.rate = reply.rate;
  row.usage = reply.usage;
  row.static_bytes = reply.static_bytes;
  row.dynamic_bytes = row.usage.stored - row.static_bytes;
  auto const reference = std::visit(
      [&](auto const& shape) {
        return reference_shape{.hidden = static_cast<double>(shape.hidden),
                               .heads = static_cast<double>(shape.heads),
                               .mlp = static_cast<double>(shape.mlp),
                               .layers = static_cast<double>(shape.layers),
                               .tokens = static_cast<double>(request.tokens),
                               .is_bert = std::holds_alternative<slimfit::bert_shape>(shape_)};
      },
      shape_);
  row.eager_float32 = eager_float32(reference);
  row.amp_bfloat16 = amp_bfloat16(reference);
  row.paper_code = paper_code_float32(reference, static_cast<double>(reply.active));
  return row;
}

plan_record own_plan::record(plan_request request) const {
  if (request.tokens == 0) { request.tokens = tokens_of(shape_); }
  auto reply = ask(program_, "record", request);
  plan_record result;
  result.request = request;
  result.request.rate = reply.rate;
  result.active = reply.active_units;
  result.unit_names = std::move(reply.unit_names);
  result.usage = reply.usage;
  result.events = std::move(reply.events);
  return result;
}

}  // namespace examples
