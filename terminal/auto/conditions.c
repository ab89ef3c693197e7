/* SPDX-License-Identifier: Apache-2.0 */
/* conditions: see conditions.h. */
#include "auto/conditions.h"

void
auto_conditions_read(struct auto_conditions *out)
{
	*out = (struct auto_conditions)AUTO_CONDITIONS_INIT;
}
