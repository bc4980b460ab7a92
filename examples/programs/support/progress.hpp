// SPDX-License-Identifier: MIT
// Shows how training goes: one line that is drawn again and again in a terminal, or a new line now and then where the
// output is a file or a pipe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

#include <slimfit/core/config.hpp>

namespace examples {

/// What is shown of a step.
struct progress_values {
  double loss = 0;
  double accuracy = 0;                ///< share, 0 to 1
  slimfit::index_t memory_bytes = 0;  ///< peak
};

/// "1:02:03" or "2:03"
inline std::string clock_text(double seconds) {
  auto const whole = static_cast<long long>(std::clamp(seconds, 0.0, 3.6e8));
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  }
  return text;
}

/// The line for `done` of `total` steps after `seconds`, of which `first` steps were done before this run.
/// @param columns what fits; 0: no limit. In less room it is set closer, then goes without its bar, then is cut.
inline std::string progress_line(slimfit::index_t done, slimfit::index_t total, slimfit::index_t first,
                                 slimfit::index_t samples_per_step, std::string const& samples, double seconds,
                                 progress_values const& values, std::size_t columns = 0) {
  auto const share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1.0;
  double const steps_per_second = seconds > 0 ? static_cast<double>(done - first) / seconds : 0.0;
  double const left = steps_per_second > 0 ? static_cast<double>(total - done) / steps_per_second : 0.0;
  auto const bar = [&](int width) {
    auto const filled = static_cast<std::size_t>(std::clamp(static_cast<int>(share * width), 0, width));
    return "[" + std::string(filled, '#') + std::string(static_cast<std::size_t>(width) - filled, '.') + "] ";
  };
  auto const numbers = [&](char const* format) {
    char text[256];
    std::snprintf(text, sizeof text, format, static_cast<long long>(done), static_cast<long long>(total), values.loss,
                  100.0 * values.accuracy, steps_per_second * static_cast<double>(samples_per_step), samples.c_str(),
                  static_cast<double>(values.memory_bytes) / static_cast<double>(slimfit::MiB),
                  clock_text(left).c_str());
    return std::string(text);
  };
  auto line = bar(24) + numbers("%lld/%lld  loss %.4f  accuracy %5.1f %%  %.0f %s/s  %.1f MiB  %s left");
  if (columns == 0 || line.size() <= columns) { return line; }
  auto const close = numbers("%lld/%lld loss %.3f accuracy %.1f %% %.0f %s/s %.1f MiB %s");
  line = bar(10) + close;
  if (line.size() > columns) { line = close.substr(0, columns); }
  return line;
}

class progress {
 public:
  /// @param total steps in all
  /// @param samples what they are called in the plural
  /// @param first steps done before, in a resumed run
  /// @param plain_interval seconds between lines where the output is no terminal
  progress(slimfit::index_t total, slimfit::index_t samples_per_step, std::string samples, slimfit::index_t first = 0,
           double plain_interval = 10.0, std::FILE* output = stdout)
      : total_(total),
        samples_per_step_(samples_per_step),
        samples_(std::move(samples)),
        first_(first),
        output_(output),
        terminal_(::isatty(::fileno(output)) != 0),
        interval_(terminal_ ? 0.1 : plain_interval),
        start_(clock::now()),
        shown_(start_ - std::chrono::hours(1)) {}
  progress(progress const&) = delete;
  progress& operator=(progress const&) = delete;
  /// Leaves the cursor on a fresh line.
  ~progress() {
    if (terminal_ && drawn_ > 0) { std::fputc('\n', output_); }
  }

  /// Call after each step; it draws when it is time and at the end.
  void update(slimfit::index_t done, progress_values const& values) {
    auto const now = clock::now();
    if (done < total_ && std::chrono::duration<double>(now - shown_).count() < interval_) { return; }
    shown_ = now;
    double const seconds = std::chrono::duration<double>(now - start_).count();
    auto line = progress_line(done, total_, first_, samples_per_step_, samples_, seconds, values, columns());
    if (terminal_) {
      auto const length = line.size();
      if (drawn_ > length) { line.append(drawn_ - length, ' '); }  // covers the rest of a longer line
      drawn_ = length;
      std::fprintf(output_, "\r%s", line.c_str());
    } else {
      std::fprintf(output_, "%s\n", line.c_str());
    }
    std::fflush(output_);
  }

 private:
  using clock = std::chrono::steady_clock;

  /// What fits on a line of the terminal, whose last column would move the cursor on; 0 where there is no limit.
  [[nodiscard]] std::size_t columns() const {
    struct winsize window {};
    if (!terminal_ || ::ioctl(::fileno(output_), TIOCGWINSZ, &window) != 0 || window.ws_col < 2) { return 0; }
    return window.ws_col - std::size_t{1};
  }

  slimfit::index_t total_;
  slimfit::index_t samples_per_step_;
  std::string samples_;
  slimfit::index_t first_;
  std::FILE* output_;
  bool terminal_;
  double interval_;
  clock::time_point start_;
  clock::time_point shown_;
  std::size_t drawn_ = 0;
};

}  // namespace examples
