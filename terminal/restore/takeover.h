/* SPDX-License-Identifier: Apache-2.0 */
/* takeover: the Box of a device, as it lies in the cloud, is added to this one (P27). */
#ifndef RESTORE_TAKEOVER_H
#define RESTORE_TAKEOVER_H

struct err;
struct run;

/** A run whose request is for the app "box". */
int takeover_run(struct run *r, struct err *err);

#endif
