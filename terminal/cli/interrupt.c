/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt: see interrupt.h. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;

static void
note(int signal)
{
	(void)signal;
	came = 1;
}

void
interrupt_watch(void)
{
	/* SA_RESETHAND: the second one meets the default and ends the program. */
	struct sigaction action = { .sa_handler = note, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool
interrupt_came(void *ctx)
{
	(void)ctx;
	return came;
}
