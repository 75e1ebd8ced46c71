/* Debian's cblas.h of OpenBLAS (package libopenblas-dev), found through pkg-config. */
#pragma once
#include <cblas.h>
