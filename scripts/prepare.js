// Runs after `npm install` and `npm ci` in a clone: generates what is not checked in.
console.log("prepare: nothing to generate yet");
