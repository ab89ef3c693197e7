/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupt: Ctrl-C ends a long command cleanly at the next good moment; a second one at once.
 *
 * Global state, as signals are: one flag.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

/** From now on SIGINT and SIGTERM only set the flag, once. */
void interrupt_watch(void);

/** Whether one came; fits `cancelled` of the units' watches. */
bool interrupt_came(void *ctx);

#endif
