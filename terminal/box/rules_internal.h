/* SPDX-License-Identifier: Apache-2.0 */
/* rules_internal: what rules.c and rules_apply.c share. */
#ifndef BOX_RULES_INTERNAL_H
#define BOX_RULES_INTERNAL_H

#include "box/rules.h"

/** The rule made so many more shortcuts. */
int rule_count_made(struct box *b, const char *name, uint64_t more, struct err *err);

#endif
