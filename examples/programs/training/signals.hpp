// SPDX-License-Identifier: MIT
// Signals that ask a program to end: it saves first.
#pragma once

namespace examples {

/// Lets the signals that ask a program to end, Ctrl-C's and those of batch systems, terminals and limits, end a run
/// after its current step, while `save_at_signals`. A second Ctrl-C ends the program at once.
void catch_interrupts();
/// Whether a signal waits for the end of a step, where the program looks for it and saves; otherwise, as at first, it
/// ends the program at once.
void save_at_signals(bool saves);
/// Whether one came.
bool interrupt_requested();

}  // namespace examples
