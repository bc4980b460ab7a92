// SPDX-License-Identifier: MIT
// The one accounted resource of a backend: it asks the upstream for memory, enforces a budget and keeps the ledger.
#pragma once

#include <limits>
#include <string>

#include <slimfit/core/error.hpp>
#include <slimfit/memory/exclusive_use.hpp>
#include <slimfit/memory/ledger.hpp>

namespace slimfit {

/// @tparam Upstream has `void* allocate(index_t bytes)`, null when there is no memory, and `deallocate(void*, index_t)`
template <class Upstream>
class accounted_resource {
 public:
  /// @throws value_error for a negative budget
  explicit accounted_resource(index_t budget = std::numeric_limits<index_t>::max(), Upstream upstream = {})
      : upstream_(upstream), budget_(budget) {
    require_at_least("budget", budget, index_t{0});
  }
  accounted_resource(accounted_resource const&) = delete;
  accounted_resource& operator=(accounted_resource const&) = delete;

  /// @throws memory_error naming the category, when the budget or the machine has not enough; nothing changes then.
  /// usage_error while another thread uses the backend. @throws value_error for a negative number of bytes
  void* allocate(index_t bytes, char const* purpose) {
    auto const alone = use();
    if (bytes < 0) { raise_mismatch<value_error>(joined({"bytes for ", purpose}), bytes, {"at least 0"}); }
    void* const memory = bytes <= budget_ - reserved_ ? upstream_.allocate(bytes) : nullptr;
    if (memory == nullptr && bytes > 0) {
      detail::raise<memory_error>({"slimfit: out of memory: ", bytes, " bytes for ", purpose, ", of a budget of ",
                                   budget_, " bytes ", reserved_, " are in use"});
    }
    reserved_ += bytes;
    most_reserved_ = std::max(most_reserved_, reserved_);
    return memory;
  }
  void deallocate(void* memory, index_t bytes) noexcept {
    upstream_.deallocate(memory, bytes);
    reserved_ -= bytes;
  }

  /// Marks the backend as used by the calling thread as long as the result lives.
  /// @throws usage_error while another thread uses it
  [[nodiscard]] exclusive_use::scope use() const { return exclusive_use::scope(use_); }

  /// Counts bytes by category. Blocks that an arena divides are counted by what lies in them.
  [[nodiscard]] ledger& book() { return book_; }
  /// Bytes held from the machine now, and the most so far.
  [[nodiscard]] index_t reserved() const { return reserved_; }
  [[nodiscard]] index_t most_reserved() const { return most_reserved_; }
  [[nodiscard]] index_t budget() const { return budget_; }

 private:
  [[no_unique_address]] Upstream upstream_;
  ledger book_;
  index_t budget_;
  index_t reserved_ = 0;
  index_t most_reserved_ = 0;
  mutable exclusive_use use_;
};

/// An owned array from a resource. Counted under its category unless it is a block that an arena divides.
template <class T, class Resource>
class buffer {
 public:
  buffer() = default;
  /// @throws memory_error, value_error for a count that is negative or whose bytes no number holds
  buffer(Resource& resource, index_t count, category purpose)
      : resource_(&resource),
        count_(checked(count)),
        purpose_(purpose),
        data_(static_cast<T*>(resource.allocate(bytes(), category_names[static_cast<std::size_t>(purpose)]))) {
    resource_->book().add(purpose_, bytes());
  }
  buffer(buffer&& other) noexcept { swap(other); }
  buffer& operator=(buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~buffer() {
    if (resource_ == nullptr) { return; }
    resource_->book().remove(purpose_, bytes());
    resource_->deallocate(data_, bytes());
  }

  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] index_t size() const { return count_; }
  /// Bytes with padding, as plans count them.
  [[nodiscard]] index_t bytes() const { return padded_bytes(count_); }
  /// Adds them to `held`.
  void add_to(byte_counts& held) const { held[purpose_] += bytes(); }
  [[nodiscard]] static constexpr index_t padded_bytes(index_t count) {
    return round_up(count * static_cast<index_t>(sizeof(T)), 64);
  }

 private:
  static index_t checked(index_t count) {
    constexpr index_t most = std::numeric_limits<index_t>::max() / static_cast<index_t>(sizeof(T)) - 64;
    if (count < 0 || count > most) {
      raise_mismatch<value_error>("elements of an array", count, {"at least 0 and at most ", most});
    }
    return count;
  }
  void swap(buffer& other) noexcept {
    std::swap(resource_, other.resource_);
    std::swap(count_, other.count_);
    std::swap(purpose_, other.purpose_);
    std::swap(data_, other.data_);
  }

  Resource* resource_ = nullptr;
  index_t count_ = 0;
  category purpose_ = category::data;
  T* data_ = nullptr;
};

}  // namespace slimfit
