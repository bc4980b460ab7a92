// SPDX-License-Identifier: MIT
// Signals that ask a program to end: it saves first.
#pragma once

namespace examples {

/// Lets the signals that ask a program to end, Ctrl-C's and those of batch systems, terminals and limits, end a run
/// after its current step. A second Ctrl-C ends the program at once.
void catch_interrupts();
/// Whether one came.
bool interrupt_requested();

}  // namespace examples
