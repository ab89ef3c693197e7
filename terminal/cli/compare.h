/* SPDX-License-Identifier: Apache-2.0 */
/* compare: the six digits of a pairing, shown to the person on either side. */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "base/err.h"

struct cli;

/** Whether they can be: there is somebody to ask, or --yes or --no was given.  ERR_USAGE.  To be called
 *  before anything begins. */
int compare_possible(const struct cli *cli, struct err *err);

/** account_pair_person.compare over a struct cli. */
int compare_digits(void *cli, const char *digits, struct err *err);

#endif
