// SPDX-License-Identifier: MIT
// BERT with a head for classes, a number or answers in the text (Devlin et al., "BERT: Pre-training of deep
// bidirectional transformers", 2019) as layers on a context: what the model class owns and what a plan runs. Sequences
// are filled up with padding, which nobody attends to and which the policy may drop altogether.
#pragma once

#include <span>

#include <slimfit/core/error.hpp>
#include <slimfit/layers/embedding.hpp>
#include <slimfit/layers/losses.hpp>
#include <slimfit/layers/policy_stack.hpp>
#include <slimfit/layers/pooler_head.hpp>
#include <slimfit/layers/post_norm_block.hpp>
#include <slimfit/layers/span_head.hpp>
#include <slimfit/models/sequence_network.hpp>
#include <slimfit/models/token_batch.hpp>
#include <slimfit/policy/model_policy.hpp>

namespace slimfit {

/// What a BERT is asked for.
enum class bert_head : unsigned char {
  classification,  ///< one of `classes`, from the pooled first token
  regression,      ///< a number, from the pooled first token
  span             ///< first and last token of the answer
};

/// Sizes of a BERT.
struct bert_shape {
  int vocabulary = 30522;  ///< of the uncased models; the cased ones have 28996
  int positions = 512;     ///< rows of the position table
  int types = 2;
  int hidden = 768;
  int heads = 12;
  int mlp = 3072;
  int layers = 12;
  int classes = 2;   ///< of classification
  int tokens = 128;  ///< most of a sequence
  int padding = 0;   ///< id of the word that fills shorter ones up at their end; negative: there is none
  bert_head head = bert_head::classification;
  int hidden_dropout = 0;     ///< percent dropped of embeddings, of both halves of a block, of a classifier's input
  int attention_dropout = 0;  ///< percent dropped of attention's values
  /// Whether the weight of the head's last linear counts among the units.
  parameter_kind classifier_kind = parameter_kind::unit;
  double norm_epsilon = 1e-12;  ///< what normalisations add to the variance
};

namespace detail {
template <bert_shape Shape>
struct checked_bert_shape {
  static_assert(Shape.vocabulary > 0 && Shape.positions > 0 && Shape.types > 0 && Shape.hidden > 0 && Shape.heads > 0 &&
                    Shape.mlp > 0 && Shape.layers > 0 && Shape.classes > 0,
                "slimfit: bert_shape: every size must be positive");
  static_assert(Shape.heads <= 0 || Shape.hidden % Shape.heads == 0,
                "slimfit: bert_shape: hidden must be a multiple of heads, e.g. 768 of 12");
  static_assert(Shape.tokens > 0 && Shape.tokens <= Shape.positions,
                "slimfit: bert_shape: tokens must be between 1 and positions, the rows of the position table");
  static_assert(Shape.norm_epsilon >= 0, "slimfit: bert_shape: norm_epsilon must be at least 0, e.g. 1e-12");
};
}  // namespace detail

/// What a BERT is put together from; to be derived from where one of them is a program's own, as vit_parts.
template <bert_shape Shape, class Policy, scalar T>
struct bert_parts {
  using dropout_type = dropout_rates<percent<Shape.hidden_dropout>, percent<Shape.attention_dropout>>;
  using embedding = slimfit::embedding<Shape.vocabulary, Shape.positions, Shape.types, Shape.hidden, T>;
  using before_stack = no_layer<T>;
  template <class BlockPolicy>
  using block = post_norm_block<Shape.hidden, Shape.heads, Shape.mlp, BlockPolicy, T, dropout_type>;
  using stack = policy_stack<Policy, block, Shape.layers>;
  using behind_stack = no_layer<T>;
  static constexpr int classes = Shape.head == bert_head::classification ? Shape.classes : 1;
  using head = std::conditional_t<Shape.head == bert_head::span, span_head<Shape.hidden, Policy, T>,
                                  pooler_head<Shape.hidden, classes, Policy, T, dropout_type>>;
  using loss = std::conditional_t<
      Shape.head == bert_head::span, span_loss<T, Policy::padding == padding_tokens::filled>,
      std::conditional_t<Shape.head == bert_head::regression, squared_error_loss<T>, cross_entropy_loss<classes, T>>>;
  /// Heads but that of answers read the first token's rows; the others of the last block's output are computed where
  /// the policy wants.
  static constexpr live_rows live =
      Shape.head == bert_head::span || Policy::computes_dead_rows ? live_rows::all : live_rows::first;
};

/// @tparam Parts see bert_parts
template <bert_shape Shape, class Policy, scalar T, class Parts = bert_parts<Shape, Policy, T>>
class bert_network : private detail::checked_bert_shape<Shape>,
                     private detail::checked_policy<Policy>,
                     public sequence_network<Parts> {
  using base = sequence_network<Parts>;

 public:
  static constexpr bert_shape shape = Shape;
  using policy_type = Policy;
  using value_type = T;
  using typename base::input_type;
  static constexpr bert_head head = Shape.head;
  static constexpr index_t classes = Parts::classes;
  using arranged_type = token_batch;
  static constexpr index_t tokens = Shape.tokens;
  static constexpr index_t inputs = 2 * tokens;  ///< of one sample: the ids of its words, then those of their types

  constexpr bert_network()
      : base(typename base::embedding_type(Shape.padding), typename base::head_type(Shape.classifier_kind)) {
    this->stack_.first_block().drop_input();
    this->stack_.set_norm_epsilon(Shape.norm_epsilon);
    this->head_.set_norm_epsilon(Shape.norm_epsilon);
  }

  /// @throws value_error when an id is outside its table
  static void check_inputs(std::span<input_type const> ids) {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      bool const is_word = static_cast<index_t>(i) % inputs < tokens;
      int const rows = is_word ? Shape.vocabulary : Shape.types;
      if (ids[i] < 0 || ids[i] >= rows) {
        raise_mismatch<value_error>(
            joined({is_word ? "word" : "type", " id of sample ", static_cast<index_t>(i) / inputs}), ids[i],
            {"0 to ", rows - 1});
      }
    }
  }

  /// Names follow Hugging Face's BertForSequenceClassification and BertForQuestionAnswering.
  template <class Visitor, class Name>
  constexpr void visit(Visitor&& visitor, Name const& name) {
    auto const layers = name + "bert.encoder.layer.";
    this->embedding_.visit(visitor, name + "bert.embeddings");
    this->before_.visit(visitor, name + "bert.before_encoder");
    this->stack_.visit(visitor, layers, name + "bert.embeddings.LayerNorm");
    this->behind_.visit(visitor, name + "bert.behind_encoder");
    using last_block = typename Parts::template block<Policy>;
    auto const norm = last_block::last_norm(numbered(layers, Shape.layers - 1));
    if constexpr (head == bert_head::span) {
      this->head_.visit(visitor, norm, name + "qa_outputs");
    } else {
      this->head_.visit(visitor, norm, name + "bert.pooler.dense", name + "classifier");
    }
  }

  /// Changes the length of the sequences, for a plan. To be called before parameters are bound.
  /// @throws value_error
  constexpr void plan_tokens(index_t count) {
    if (count < 1 || count > Shape.positions) {
      raise_mismatch<value_error>("tokens", count,
                                  {"at least 1 and at most the position table's ", Shape.positions, " rows"});
    }
    tokens_ = count;
  }
  /// A batch of `count` sequences without padding.
  [[nodiscard]] constexpr sequence_batch sequences(index_t count) const { return {count, tokens_}; }
  [[nodiscard]] static arranged_type arrange(std::span<input_type const> ids, index_t count) {
    return {ids, count, tokens, Shape.padding, Policy::padding};
  }
  /// What a batch takes in the backend's memory.
  [[nodiscard]] static constexpr index_t input_elements(sequence_batch const& batch) {
    return token_batch::ids_per_row * batch.rows();
  }
  [[nodiscard]] static constexpr index_t offset_elements(sequence_batch const& batch) {
    return batch.count() + (Policy::padding == padding_tokens::dropped ? 1 : 0);
  }

 private:
  index_t tokens_ = tokens;
};

}  // namespace slimfit
