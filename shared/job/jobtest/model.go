package jobtest

var modelTests = []test{}
