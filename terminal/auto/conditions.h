/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conditions: whether the link costs by the byte, whether there is one, whether the battery is charged.
 *
 * From NetworkManager and UPower on the system's D-Bus.  What they do not say is unknown, and so is all where
 * there is no bus, no such service or no libdbus-1: never an error.  The plan's conditions take unknown as met.
 */
#ifndef AUTO_CONDITIONS_H
#define AUTO_CONDITIONS_H

#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

enum auto_known {
	AUTO_UNKNOWN,
	AUTO_YES,
	AUTO_NO,
};

#define AUTO_BATTERY_UNKNOWN (-1)

struct auto_conditions {
	enum auto_known connected; /* to any network */
	enum auto_known metered;   /* the link that carries the traffic costs by the byte, or may */
	enum auto_known charging;  /* or on mains without a battery, or full and plugged in */
	int battery;               /* per cent, or AUTO_BATTERY_UNKNOWN */
};

/* Nothing is known. */
#define AUTO_CONDITIONS_INIT                                                                       \
	{                                                                                          \
		.battery = AUTO_BATTERY_UNKNOWN                                                    \
	}

/** As it is now; within a few seconds, whatever the bus does. */
void auto_conditions_read(struct auto_conditions *out);

#endif
