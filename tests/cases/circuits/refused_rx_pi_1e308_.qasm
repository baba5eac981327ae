OPENQASM 3.0;
include "stdgates.inc";
qubit[1] q; bit[1] c; rx(pi*1e308) q[0]; c = measure q;
