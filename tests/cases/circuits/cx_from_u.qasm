OPENQASM 3.0;
include "stdgates.inc";
// U(pi, 0, pi) is i times x: the phase of -pi/2 makes it x, and its control a cx.
gate X q { U(pi, 0, pi) q; gphase(-pi/2); }
qubit[2] q; bit[2] c; h q[0]; ctrl @ X q[0], q[1]; ctrl @ X q[0], q[1]; ctrl @ X q[0], q[1]; cx q[0], q[1]; h q[0]; c = measure q;
