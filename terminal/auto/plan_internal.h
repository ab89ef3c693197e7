/* SPDX-License-Identifier: Apache-2.0 */
/* plan_internal: parts of a plan as the settings keep them, where people read them otherwise. */
#ifndef AUTO_PLAN_INTERNAL_H
#define AUTO_PLAN_INTERNAL_H

#include "auto/plan.h"

void plan_print_mode(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);
void plan_print_budget(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);
void plan_print_rate(char out[static PLAN_TEXT_BYTES], const struct auto_plan *p);

#endif
