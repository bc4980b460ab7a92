// SPDX-License-Identifier: MIT
// tokenize: the tokens of each line of standard input, as a model of BERT's family reads them.
#include <CLI/CLI.hpp>
#include <iostream>

#include <examples/programs/support/option_checks.hpp>
#include <examples/programs/text/tokenizer_files.hpp>

namespace {

struct options {
  std::string model;
  std::optional<std::size_t> longest;
  bool pair = false;
  bool tokens = false;
};

options parse(int argc, char** argv) {
  options chosen;
  CLI::App app{"Prints the ids of the tokens of each line of standard input, separated by spaces."};
  app.add_option("--model", chosen.model, "Folder with tokenizer.json or vocab.txt")->required();
  app.add_option("--max-tokens", chosen.longest, "Truncate to so many tokens, [CLS] and [SEP] among them")
      ->check(examples::checks::whole_number(1, examples::checks::most_tokens));
  app.add_flag("--pair", chosen.pair, "A line holds two texts with a tab between them; the longer is truncated first");
  app.add_flag("--tokens", chosen.tokens, "Print the tokens themselves");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& problem) { std::exit(app.exit(problem)); }
  return chosen;
}

void tokenize(options const& chosen) {
  auto const tokenizer = examples::load_tokenizer(chosen.model);
  std::string line;
  std::string printed;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    slimfit::require_utf8(line, "standard input", number);
    examples::encoding made;
    if (chosen.pair) {
      auto const tab = line.find('\t');
      if (tab == std::string::npos || line.find('\t', tab + 1) != std::string::npos) {
        throw slimfit::value_error(
            slimfit::mismatch("line " + std::to_string(number), line, "two texts with one tab between them"));
      }
      std::string_view const all = line;
      made = tokenizer.encode_pair(all.substr(0, tab), all.substr(tab + 1), chosen.longest);
    } else {
      made = tokenizer.encode(line, chosen.longest);
    }
    printed.clear();
    for (auto const id : made.ids) {
      if (!printed.empty()) { printed += ' '; }
      printed += chosen.tokens ? tokenizer.words().token(id) : std::to_string(id);
    }
    std::cout << printed << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  auto const chosen = parse(argc, argv);
  try {
    tokenize(chosen);
  } catch (std::exception const& problem) {
    std::cerr << problem.what() << '\n';
    return 1;
  }
  return 0;
}
