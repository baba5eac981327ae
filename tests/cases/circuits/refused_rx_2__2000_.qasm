OPENQASM 3.0;
include "stdgates.inc";
qubit[1] q; bit[1] c; rx(2**2000) q[0]; c = measure q;
