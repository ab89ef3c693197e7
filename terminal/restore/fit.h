/* SPDX-License-Identifier: Apache-2.0 */
/* fit: what an app has a place for, of items that come from another one: counted before anything is
 * written, told once (struct restore_fit). */
#ifndef RESTORE_FIT_H
#define RESTORE_FIT_H

#include "item/form.h"
#include "restore/restore.h"

/** Count the fields of an item of the backup.  @profile: of the app that is to take it; bytes that are
 *  no item count as none.  ERR_NOMEM. */
int fit_note(struct restore_fit *fit, const struct form *form, const struct item_profile *profile,
	     struct span bytes, struct err *err);

void fit_clear(struct restore_fit *fit);
AUTO_OBJ(fit_clear, struct restore_fit);

#endif
