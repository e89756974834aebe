#pragma once

/* What /version tells. */
#define SOUK_VERSION "0.1.0"
